"""What Keras does in the benchmarks: run by `bench._keras`, in an environment without ours."""

import os
import sys
import time

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SPARSE = "sparse_categorical_crossentropy"


def mlp_fit(rows, epochs):
    draws = np.random.default_rng(0)
    X, y = draws.random((rows, 784), dtype=np.float32), draws.integers(0, 10, rows)
    net = keras.Sequential([layers.Dense(100, activation="relu"), layers.Dense(10, "softmax")])
    net.compile("adam", SPARSE)
    return lambda: net.fit(X, y, batch_size=128, epochs=epochs, verbose=0)


def cnn_fit(images, side):
    X, y, net = scans(images, side)
    net.compile("adam", SPARSE)
    return lambda: net.fit(X, y, batch_size=32, verbose=0)


def cnn_predict(images, side):
    X, _, net = scans(images, side)
    return lambda: net.predict(X, batch_size=32, verbose=0)


def scans(images, side):
    """Return gray images, their labels and the network of `bench.cnn`."""
    draws = np.random.default_rng(0)
    steps = []
    for filters in (32, 64, 128, 256):
        steps += [layers.Conv2D(filters, 3, padding="same"), layers.BatchNormalization()]
        steps += [layers.ReLU(), layers.MaxPooling2D()]
    head = [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(2, "softmax")]
    X = draws.random((images, side, side, 1), dtype=np.float32)
    return X, draws.integers(0, 2, images), keras.Sequential([*steps, *head])


def unet_fit(images):
    draws = np.random.default_rng(0)
    X = draws.random((images, 128, 128, 3), dtype=np.float32)
    net = unet()
    net.compile("adam", "binary_crossentropy")
    y = (X[..., :1] > 0.5).astype(np.float32)
    return lambda: net.fit(X, y, batch_size=16, verbose=0)


def unet():
    def pair(values, width):
        for _ in range(2):
            values = layers.Conv2D(width, 3, padding="same", activation="relu")(values)
        return values

    images = layers.Input((128, 128, 3))
    fine = pair(images, 32)
    middle = pair(layers.MaxPooling2D()(fine), 64)
    values = pair(layers.MaxPooling2D()(middle), 128)
    for width, bridge in ((64, middle), (32, fine)):
        values = layers.Conv2DTranspose(width, 2, strides=2)(values)
        values = pair(layers.concatenate([bridge, values]), width)
    return keras.Model(images, layers.Conv2D(1, 1, activation="sigmoid")(values))


def main(work, threads, *sizes):
    """Do the work once, then again for every line of input, and print the seconds."""
    tf.config.threading.set_intra_op_parallelism_threads(int(threads))
    tf.config.threading.set_inter_op_parallelism_threads(1)
    pairs = [size.split("=") for size in sizes]
    run = globals()[work](**{name: int(value) for name, value in pairs})
    run()
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        run()
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
