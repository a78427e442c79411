$(call lib,base)
