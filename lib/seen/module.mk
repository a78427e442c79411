$(call lib,base lld llc register sigchain format)
$(call test_uses,signer)
$(call skip,kernel boot linux)
