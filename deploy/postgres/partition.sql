-- The five tables that grow with every change, as 16 partitions each by the hash of the dossier. In read-only mode
-- (`xunjian readonly on`), with room for a second copy of the largest; once. Decision 0032 says when it is worth it.
--   psql --set=ON_ERROR_STOP=1 --file=deploy/postgres/partition.sql DATABASE
DO $$
DECLARE
    parts CONSTANT int := 16;
    name text;
    part int;
    said text;
    again text[];
BEGIN
    FOREACH name IN ARRAY ARRAY['entries', 'payloads', 'records', 'feed', 'outcomes'] LOOP
        CONTINUE WHEN (SELECT relkind = 'p' FROM pg_class WHERE oid = name::regclass);
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
        -- Keys and indexes keep their names: later migrations know them by those.
        SELECT array_agg(coalesce(
            'ALTER TABLE ' || name || ' ADD CONSTRAINT ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid),
            pg_get_indexdef(i.indexrelid)))
        INTO again
        FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
        WHERE i.indrelid = name::regclass;
        EXECUTE format('ALTER TABLE %I RENAME TO whole', name);
        EXECUTE format('CREATE TABLE %I (LIKE whole INCLUDING ALL EXCLUDING INDEXES) PARTITION BY HASH (dossier)', name);
        FOR part IN 0 .. parts - 1 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                name || '_' || part, name, parts, part);
        END LOOP;
        EXECUTE format('INSERT INTO %I SELECT * FROM whole', name);
        DROP TABLE whole;
        FOREACH said IN ARRAY again LOOP
            EXECUTE said;
        END LOOP;
    END LOOP;
END
$$;
ANALYZE entries, payloads, records, feed, outcomes;
