$(call lib,base format llc register sigchain)
$(call skip,kernel boot)
