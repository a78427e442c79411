$(call lib,base format)
$(call skip,kernel boot)
