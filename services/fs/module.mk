$(call service,base tree fs fsserve lld disk format xts fscipher)
