$(call lib,base tree llc llc_kdf register sigchain signer random sodium format proto)
$(call skip,kernel boot linux)
