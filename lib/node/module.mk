$(call lib,base llc register sigchain signer block lld)
$(call skip,kernel boot)
