$(call lib,base tree fs proto)
$(call skip,kernel boot linux)
