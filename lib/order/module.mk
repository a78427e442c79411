$(call lib,base tree)
