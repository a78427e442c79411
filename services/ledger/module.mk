$(call service,base tree cbor elf format llc register sigchain package catalog journal seen lld disk)
