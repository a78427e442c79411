$(call lib,base tree xts fs)
$(call skip,kernel boot linux)
