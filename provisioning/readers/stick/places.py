"""Where things lie on a stick, in bytes. Imports nothing: the door's child reads this before it locks itself in.

Cheap flash manages itself in erase blocks of up to 4 MiB, and a power cut during a write can take a whole one along
(Linaro, FlashCardSurvey; Bergmann, "Optimizing Linux with cheap flash drives", lwn.net 428584). So the header and
either slot have such a block to themselves; the file system's own sectors have the first.
"""

SECTOR_BYTES = 512
ERASE_BLOCK_BYTES = 4 * 1024 * 1024
HEADER_AT = 1 * ERASE_BLOCK_BYTES
SLOT_AT = (2 * ERASE_BLOCK_BYTES, 3 * ERASE_BLOCK_BYTES)
VOLUME_BYTES = 4 * ERASE_BLOCK_BYTES
HEADER_MAGIC = b"PSG-HEAD"  # provisioning.identity.stick writes it; a test holds the two together

# A file system or a partition table tells itself within these (GPT: first and last 33 sectors; ext: 1 KiB;
# LUKS: 0; LVM: 512; swap: 4 KiB; ISO 9660: 32 KiB; btrfs: 64 KiB; MD 1.0 and 0.90: the last 128 KiB)
EDGE_BYTES = 1024 * 1024
