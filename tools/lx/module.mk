$(call tool,base tree cbor elf format llc llc_kdf register sigchain block signer package hosttool,-ljansson)
