$(call tool,base tree cbor elf format llc llc_kdf register sigchain signer package hosttool,-ljansson)
