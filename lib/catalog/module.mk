$(call lib,base tree cbor elf format llc register sigchain package seen lld proto)
$(call test_uses,signer)
$(call skip,kernel boot)
