$(call tool,base tree cbor elf format llc llc_kdf register sigchain block signer package lld node node_api node_client hosttool \
	fs gpt xts fscipher keystore random sodium proto,-ljansson \
	-lcurl -lmicrohttpd)
