"""quixstreams alone: JSON in, JSON out. Runs on a Python of its own. looping.py BROKERS FROM TO FOLDER"""

import sys

from quixstreams import Application


def main(brokers: str, source: str, target: str, folder: str) -> None:
    app = Application(
        broker_address=brokers,
        consumer_group=f"{target}.group",
        auto_offset_reset="earliest",
        commit_every=5_000,
        producer_extra_config={"acks": "all", "enable.idempotence": True},
        state_dir=folder,
        auto_create_topics=False,
        loglevel="ERROR",
    )
    app.dataframe(app.topic(source, value_deserializer="json")).to_topic(app.topic(target, value_serializer="json"))
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
