"""Report 002's network for digits in Keras's own code: run by `bench.studies.digits_cnn`."""

import os
import sys

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def main(path, seed):
    """Train 10 epochs and print the accuracy on the test images."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.utils.set_random_seed(int(seed))
    with np.load(path) as data:
        X, X_test = (data[f"{part}_images"][..., None] / np.float32(255) for part in PARTS)
        y, y_test = (data[f"{part}_labels"] for part in PARTS)
    steps = []
    for side in (7, 5, 3):
        steps += [layers.Conv2D(10, side, padding="same", activation="relu")]
        steps += [layers.MaxPooling2D(2)]
    head = [layers.Dense(10, activation="relu"), layers.Dense(10, activation="softmax")]
    net = keras.Sequential([layers.Input((28, 28, 1)), *steps, layers.Flatten(), *head])
    assert net.count_params() == 4940, net.count_params()  # as the report prints
    rate = keras.optimizers.RMSprop(0.001, rho=0.9)
    net.compile(rate, "sparse_categorical_crossentropy", metrics=["accuracy"])
    net.fit(X, y, batch_size=128, epochs=10, verbose=0)
    print(net.evaluate(X_test, y_test, batch_size=1000, verbose=0)[1])


PARTS = "train", "test"

if __name__ == "__main__":
    main(*sys.argv[1:])
