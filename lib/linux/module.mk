$(call lib,base tree fs)
