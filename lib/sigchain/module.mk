$(call lib,base llc register)
$(call skip,kernel boot)
