$(call tool,base tree cbor elf format llc llc_kdf register sigchain block signer package lld node node_api node_client hosttool,-ljansson \
	-lcurl -lmicrohttpd)
