$(call lib,base llc register sigchain signer block lld node)
$(call skip,arm64 linux kernel boot)
$(call host_libs,-ljansson)
