$(call lib,base llc)
$(call skip,kernel boot)
