$(call lib,base format proto)
$(call skip,kernel boot linux)
