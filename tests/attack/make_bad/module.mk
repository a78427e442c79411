$(call tool,base tree cbor elf format llc register sigchain signer package hosttool)
