$(call lib,base tree)
$(call skip,kernel boot)
