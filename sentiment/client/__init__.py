"""A small client for programs that ask the sentiment model; over REST it needs only the standard library.

    from sentiment.client import SentimentClient

    with SentimentClient(["http://10.0.0.5:8501", "http://10.0.0.6:8501"], canary_share=0.05) as client:
        for answer in client.classify(["這間餐廳真的很棒"], key="customer 17"):
            print(answer.label, answer.probabilities, answer.side)

The client always names a label: a request without a label would get the newest version, which is the canary.
"""

from sentiment.client.answer import Answer, ClientError
from sentiment.client.client import SentimentClient
from sentiment.client.metrics import ClientMetrics

__all__ = ["Answer", "ClientError", "ClientMetrics", "SentimentClient"]
