$(call lib,base)
$(call skip,kernel boot)
$(call test_libs,-lcrypto)
