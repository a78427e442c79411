$(call lib,base)
$(call skip,kernel boot linux)
