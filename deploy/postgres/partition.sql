-- The five tables that grow with every change, as 16 partitions each by the hash of the dossier. In read-only mode
-- (`xunjian readonly on`), with room for a second copy of the largest; once. Decision 0032 says when it is worth it.
--   psql --set=ON_ERROR_STOP=1 --file=deploy/postgres/partition.sql DATABASE
-- As their owner or as a superuser: they keep their owner, what is granted on them (also by columns) and their
-- storage parameters. Triggers, policies and publications that somebody has added do not come along.
DO $$
DECLARE
    parts CONSTANT int := 16;
    name text;
    made text;
    part int;
    said text;
    again text[];
    owner text;
    stored text;
BEGIN
    FOREACH name IN ARRAY ARRAY['entries', 'payloads', 'records', 'feed', 'outcomes'] LOOP
        CONTINUE WHEN (SELECT relkind = 'p' FROM pg_class WHERE oid = name::regclass);
        SELECT pg_get_userbyid(relowner) INTO owner FROM pg_class WHERE oid = name::regclass;
        EXECUTE format('SET LOCAL ROLE %I', owner);
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
        -- Keys and indexes keep their names: later migrations know them by those.
        SELECT array_agg(coalesce(
            'ALTER TABLE ' || name || ' ADD CONSTRAINT ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid),
            pg_get_indexdef(i.indexrelid)))
        INTO again
        FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
        WHERE i.indrelid = name::regclass;
        -- A partitioned table has no storage parameters: its partitions have them.
        SELECT string_agg(format('%s = %L', o.prefix || split_part(o.opt, '=', 1), substr(o.opt, strpos(o.opt, '=') + 1)), ', ')
        INTO stored
        FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid,
            LATERAL (SELECT '' AS prefix, unnest(c.reloptions) AS opt UNION ALL SELECT 'toast.', unnest(t.reloptions)) o
        WHERE c.oid = name::regclass;
        EXECUTE format('ALTER TABLE %I RENAME TO whole', name);
        EXECUTE format('CREATE TABLE %I (LIKE whole INCLUDING ALL EXCLUDING INDEXES) PARTITION BY HASH (dossier)', name);
        FOR part IN 0 .. parts - 1 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)%s',
                name || '_' || part, name, parts, part, coalesce(' WITH (' || stored || ')', ''));
        END LOOP;
        EXECUTE format('INSERT INTO %I SELECT * FROM whole', name);
        -- In place of default privileges, what was granted; on the partitions too, for whoever dumps those one by one.
        FOR made IN SELECT relid::regclass::text FROM pg_partition_tree(name::regclass) LOOP
            FOR said IN
                SELECT DISTINCT format('REVOKE ALL ON %s FROM %s', made, coalesce(quote_ident(r.rolname), 'PUBLIC'))
                FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a LEFT JOIN pg_roles r ON r.oid = a.grantee
                WHERE c.oid = made::regclass
            LOOP
                EXECUTE said;
            END LOOP;
            FOR said IN
                SELECT format('GRANT %s ON %s TO %s%s', g.what, made, coalesce(quote_ident(r.rolname), 'PUBLIC'),
                    CASE WHEN g.further THEN ' WITH GRANT OPTION' END)
                FROM (
                    SELECT a.privilege_type AS what, a.grantee, a.is_grantable AS further
                    FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
                    WHERE c.oid = 'whole'::regclass
                    UNION ALL
                    SELECT format('%s (%I)', a.privilege_type, t.attname), a.grantee, a.is_grantable
                    FROM pg_attribute t, aclexplode(t.attacl) a
                    WHERE t.attrelid = 'whole'::regclass
                ) g LEFT JOIN pg_roles r ON r.oid = g.grantee
            LOOP
                EXECUTE said;
            END LOOP;
        END LOOP;
        DROP TABLE whole;
        FOREACH said IN ARRAY again LOOP
            EXECUTE said;
        END LOOP;
        RESET ROLE;
    END LOOP;
END
$$;
ANALYZE entries, payloads, records, feed, outcomes;
