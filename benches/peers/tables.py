"""Tables of `onus convert`, read by DuckDB and by Polars, without a word about their types.

    pip install duckdb==2.0.1 polars==2.1.0
    onus convert MODEL tables
    python benches/peers/tables.py tables

Reads every table with both, holds the two against each other, and asks what an analyst would: names of both ends of a need,
the most needed systems, faults by owner. Fails if a reference leads nowhere or the readers disagree. With a second
argument, the two write the tables anew into that folder, for `onus` to read.
"""

import pathlib
import sys

import duckdb
import polars

NUMBERS = {"systems": ["id"], "needs": ["src", "dst", "group", "k"], "groups": ["id", "parent", "k"], "faults": ["system", "provider"]}


def main(folder, out=None):
    folder = pathlib.Path(folder)
    tables = sorted(path.stem for path in folder.glob("*.parquet"))
    assert "systems" in tables, f"{folder} holds no tables of a model"
    db = duckdb.connect()
    frames = {}
    for name in tables:
        db.sql(f"create view {name} as select * from '{folder / name}.parquet'")
        frames[name] = frame = polars.read_parquet(folder / f"{name}.parquet")
        ours = db.sql(f"select count(*) from {name}").fetchall()[0][0]
        columns = [row[0] for row in db.sql(f"describe {name}").fetchall()]
        assert (ours, columns) == (frame.height, frame.columns), (name, ours, columns, frame)
        for column in NUMBERS.get(name, []):
            assert frame.schema[column] == polars.Int64, (name, column, frame.schema[column])
            same = db.sql(f'select sum("{column}")::bigint, count("{column}") from {name}').fetchall()[0]
            theirs = frame[column].drop_nulls()
            assert (same[0] or 0, same[1]) == (theirs.sum(), len(theirs)), (name, column, same)
        print(f"{name:14} {frame.height:>9} rows  {', '.join(columns)}")
    dangling = db.sql("""select count(*) from needs anti join systems on needs.dst = systems.id""").fetchall()[0][0]
    assert dangling == 0, f"{dangling} needs lead nowhere"
    print("\nmost needed (DuckDB):")
    most = db.sql("""select s.key, count(*) as needed from needs n join systems s on n.dst = s.id
                     group by all order by needed desc, key limit 3""").fetchall()
    for key, count in most:
        print(f"  {key:20} {count}")
    needs, systems = frames["needs"], frames["systems"]
    again = (
        needs.join(systems.select("id", "key"), left_on="dst", right_on="id")
        .group_by("key").len().sort(["len", "key"], descending=[True, False]).head(3)
    )
    assert [tuple(row) for row in again.rows()] == most, (again, most)
    print("the same by Polars; faults by owner (DuckDB):")
    owners = db.sql("""select coalesce(s.owner, 'nobody') as owner, count(*) as faults, round(sum(f.probability), 4) as expected
                       from faults f join systems s on f.system = s.id group by all order by expected desc nulls last, owner limit 3""")
    for row in owners.fetchall():
        print("  %-20s %8d faults, %s expected" % row)
    if out:
        out = pathlib.Path(out)
        out.mkdir(parents=True, exist_ok=True)
        for turn, name in enumerate(tables):
            to = out / f"{name}.parquet"
            if turn % 2:
                frames[name].write_parquet(to, compression="snappy")
            else:
                db.sql(f"copy {name} to '{to}' (format parquet)")
        print(f"\nwritten anew to {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])
