-- Whether an entry has ever been in the kernel, and who put it there. What is owned already is taken for made by lvsd.

ALTER TABLE entries ADD COLUMN origin TEXT NOT NULL DEFAULT 'made' CHECK (origin IN ('fresh', 'made', 'found'));
