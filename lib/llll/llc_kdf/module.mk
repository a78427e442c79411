$(call lib,base llc sodium)
$(call skip,linux kernel boot)
$(call host_libs,-largon2)
