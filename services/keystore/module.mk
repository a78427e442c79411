$(call service,base tree llc llc_kdf register sigchain signer random sodium keystore disk lld format)
