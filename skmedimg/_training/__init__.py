"""Trains networks: from a plan and images to a fitted net.

The life of a fit, and the file of each stage:

1. ``estimator.fit`` (``neural/_base.py``) validates X and y, and makes a ``TrainingPlan``
   (``plan.py``).
2. ``build_net`` (``net.py``) puts the module on its device and makes the optimizer.
3. ``Dataset`` and ``TrainingBatches`` (``batches.py``) hold the images, shuffle and augment them;
   ``mixup.py`` mixes the images of a batch.
4. ``FitCheckpoint`` (``checkpoint.py``) finds out whether a killed fit goes on from a file.
5. ``fit_network`` (``loop.py``) runs epoch after epoch: training, validation, early stopping, and
   where asked for with averaged weights (``weight_average.py``).
6. ``Net.run_single_epoch`` (``net.py``) takes batch after batch, ``Net.train_step`` each of them.
7. A stepper (``steps.py``) computes the gradients of a batch and steps the optimizer: ``PlainStep``
   on the whole batch, ``MicroBatchStep`` on parts that fit into memory (``microbatches.py``),
   ``GraphStep`` by replaying a CUDA graph (``cuda_graphs.py``).
8. Inside ``fit_together`` (``neural/_fit_together.py``) small MLPs meet (``concurrent_fits.py``)
   and train as one stack (``stacked_mlp.py``).
9. ``run_network`` (``net.py``) predicts, batch by batch (``inference.py``).
10. ``serialize.py`` turns a net into arrays for pickle and files, ``onnx_export.py`` into ONNX.
"""
