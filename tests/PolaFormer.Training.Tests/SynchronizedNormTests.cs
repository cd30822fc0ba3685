using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

/// <summary>Batch norms over the parts of a batch, on one worker or many.</summary>
[Collection(nameof(RunsAlone))]
public sealed class SynchronizedNormTests : IDisposable
{
    private const int Images = 16, Side = 3, Channels = 5;

    private readonly TinyRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 8)]
    [InlineData(2, 4)]
    [InlineData(4, 4)]
    [InlineData(3, 8)]
    public void GradientsAndStatisticsAreThoseOfTheWholeBatch(int workers, int parts)
    {
        float[] whole = OfWholeBatch();
        Assert.All(OfParts(workers, parts), values =>
        {
            Assert.Equal(whole.Length, values.Length);
            float largest = whole.Max(Math.Abs);
            for (int i = 0; i < whole.Length; i++)
                Assert.Equal(whole[i], values[i], 2e-6 * largest);
        });
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    public void AnyNumberOfWorkersHasTheBitsOfOne(int workers) => Assert.All(OfParts(workers, 8), values => Assert.Equal(OfParts(1, 8)[0], values));

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void ARunOfAnyNumberOfWorkersEndsWithTheBitsOfOne(int workers)
    {
        Train("one", 1, "true");
        Train("many", workers, "true");
        Assert.Equal(_runs.Bytes("one", "resume"), _runs.Bytes("many", "resume"));
    }

    [Fact]
    public void StatisticsOfPartsAloneAreOthers()
    {
        // Else the tests above could not fail.
        Train("together", 1, "true");
        Train("alone", 1, "false");
        Assert.NotEqual(_runs.Bytes("together"), _runs.Bytes("alone"));
    }

    [Fact]
    public void AFailureInOnePartEndsTheOthers()
    {
        var share = new BatchShare(4, 0, 4);
        Net net = NewNet();
        var turns = new MicroBatchTurns(WorkerGroup.Single, share, [.. net.Parameters()], Device.Default);
        var error = Assert.Throws<InvalidDataException>(() => turns.Run(i =>
        {
            if (i == 2)
                throw new InvalidDataException("lost");
            net.Forward(Part(i, 4));
        }));
        Assert.Equal("lost", error.Message);
    }

    [Theory]
    [InlineData("TRAIN.DETECT_ANOMALY", "true")]
    [InlineData("TRAIN.ACCUMULATION_STEPS", "2")]
    public void WhatCannotBeTogetherIsRefused(string key, string value)
    {
        var error = Assert.Throws<ConfigurationException>(() => _runs.NewTrainer("run", 1, "TRAIN.SYNC_BATCH_NORM", "true", key, value));
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }

    private void Train(string name, int workers, string isSynchronized) => LocalGroup.Run(workers, worker =>
    {
        TrainingConfig config = _runs.Config(2, "TRAIN.MICRO_BATCHES", "4", "DATA.BATCH_SIZE", "16", "TRAIN.SYNC_BATCH_NORM", isSynchronized);
        return ConfiguredTrainer.Create(config, _runs[name], workers: worker).Run();
    });

    // Gradients and running statistics.
    private static float[][] OfParts(int workers, int parts) => LocalGroup.Run(workers, worker =>
    {
        Net net = NewNet();
        var share = BatchShare.Of(worker, parts);
        var tree = new GradientTree(worker, new ProcessorGradients(worker), share, net, isOverlapped: true, isSideBySide: true);
        var turns = new MicroBatchTurns(worker, share, [.. net.Parameters()], Device.Default);
        tree.Begin();
        turns.Run(i =>
        {
            tree.BeginMicroBatch(i);
            Backward(net, i, parts);
            tree.Add(i, isFinite: true);
        });
        tree.End();
        return ValuesOf(net);
    });

    private static float[] OfWholeBatch()
    {
        Net net = NewNet();
        Backward(net, 0, 1);
        return ValuesOf(net);
    }

    private static Net NewNet()
    {
        var net = new Net();
        net.Initialize(1);
        net.Train();
        return net;
    }

    private static void Backward(Net net, int part, int parts)
    {
        using var scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        tape.Backward((net.Forward(Part(part, parts)) * Draw(7).Slice(0, part * Images / parts, Images / parts)).Sum());
    }

    private static Tensor Part(int part, int parts) => Draw(3).Slice(0, part * Images / parts, Images / parts);

    private static Tensor Draw(ulong stream)
    {
        var random = new Philox(11, stream);
        return Tensor.From([.. Enumerable.Range(0, Images * Side * Side * Channels).Select(i => (float)random.Uniform((ulong)i) - 0.5f + (0.1f * (i % Channels)))], [Images, Side, Side, Channels]);
    }

    private static float[] ValuesOf(Net net) => [.. net.Parameters().SelectMany(parameter => parameter.Grad!.ToArray()), .. net.StateDict().Where(entry => entry.Tensor is not Parameter && entry.Tensor.DType == DType.Float32).SelectMany(entry => entry.Tensor.ToArray())];

    // A gradient goes through both norms to the factors before them.
    private sealed class Net : Module
    {
        private readonly Parameter _factors;
        private readonly BatchNorm2d _first, _second;

        public Net()
        {
            _factors = AddParameter("factors", [Channels], Initializer.Ones);
            _first = AddChild("first", new BatchNorm2d(Channels));
            _second = AddChild("second", new BatchNorm2d(Channels));
        }

        protected override Tensor Run(Tensor x) => _second.Forward(_first.Forward((x * _factors).Tanh()).Tanh());
    }
}
