$(call lib,base llc register sigchain block)
$(call test_uses,signer lld node node_api)
$(call skip,arm64 linux kernel boot)
$(call host_libs,-ljansson)
