$(call lib,base llc register sigchain)
$(call skip,kernel boot)
