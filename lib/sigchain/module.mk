$(call lib,base llc register)
$(call test_uses,llc_kdf)
$(call skip,kernel boot)
