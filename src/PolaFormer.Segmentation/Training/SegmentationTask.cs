using PolaFormer.Checkpoints;
using PolaFormer.NN;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Losses;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Segmentation.Scoring;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Segmentation.Training;

/// <summary>An image to the class of every pixel. Counted in iterations: an epoch of the trainer is what lies between two evaluations.</summary>
public sealed class SegmentationTask : TrainingTask<SegmentationBatch>
{
    private readonly SegmentationTaskOptions _options;
    private readonly SegmenterDescription _description;
    private readonly PixelScores _scores = new();

    /// <summary>Builds the network with drawn or given weights.</summary>
    /// <param name="options">The network and its data.</param>
    /// <param name="device">Where to train; the default device where null.</param>
    /// <exception cref="ArgumentException">The numbers do not agree.</exception>
    /// <exception cref="CheckpointException">The checkpoint to start from cannot be read, or nothing of it fits.</exception>
    public SegmentationTask(SegmentationTaskOptions options, Device? device = null)
        : base(device)
    {
        if (options.BatchSize < 1 || options.Interval < 1)
            throw new ArgumentException($"A batch has {options.BatchSize} images and {options.Interval} iterations lie between evaluations; both must be positive.", nameof(options));
        if (options.Classes.Names.Count != options.Config.Head.NumClasses)
            throw new ArgumentException($"{options.Classes.Names.Count} names for {options.Config.Head.NumClasses} classes.", nameof(options));
        if (options.Train.Count == 0)
            throw new ArgumentException("There is no image to learn from.", nameof(options));
        _options = options;
        _description = new SegmenterDescription { Name = options.Name, Config = options.Config, Classes = options.Classes, Scale = options.TestPipeline.Scale };
        using IDisposable use = Device.Use();
        Network = options.Config.Create();
        Network.Initialize(options.Seed);
        if (options.Pretrained is { Length: > 0 } path)
            Pretrained = LenientLoader.Start(path, Name, checkpoint => SegmenterRecognition.IsSegmenter(checkpoint) ? Network : Network.Backbone);
    }

    /// <inheritdoc/>
    public override string Name => _options.Name;

    /// <inheritdoc/>
    public override Module Model => Network;

    /// <summary>The network.</summary>
    public Segmenter Network { get; }

    /// <inheritdoc/>
    public override PretrainedReport? Pretrained { get; }

    /// <summary>The last evaluation; null before the first.</summary>
    public SegmentationEvaluation? LastEvaluation { get; private set; }

    /// <summary>The network, its classes and its data.</summary>
    public SegmentationTaskOptions Options => _options;

    /// <summary>Mean intersection over union, mean accuracy of the classes, accuracy of the pixels.</summary>
    public override IReadOnlyList<MetricDefinition> Metrics => SegmentationEvaluation.Metrics;

    /// <inheritdoc/>
    public override int BatchesPerEpoch => _options.Interval * _options.BatchesPerStep;

    /// <summary>Steps of an epoch: the iterations between evaluations.</summary>
    public int StepsPerEpoch => _options.Interval;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Classes => _options.Classes.Names;

    /// <inheritdoc/>
    public override Module CreateModel() => _options.Config.Create();

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Describe(double? value, int epoch) =>
        (_description with { MeanIoU = value, Iteration = epoch * _options.Interval }).ToMetadata();

    /// <summary>Logits at the resolution of the head.</summary>
    public override Tensor Predict(Module model, SegmentationBatch batch) => ((Segmenter)model).ForwardLogits(Images(batch));

    /// <summary>Measures a network at the size of the images, one at a time: scores of classes are no means over images.</summary>
    public override Evaluation? Evaluate(Module model, CancellationToken stop = default)
    {
        if (SegmentationEvaluation.Run((Segmenter)model, _options.Evaluation, _options.TestPipeline, stop, Workers) is not { } evaluation)
            return null;
        LastEvaluation = evaluation;
        return evaluation.ToEvaluation();
    }

    /// <inheritdoc/>
    protected override IEnumerable<SegmentationBatch> TrainingBatches(int epoch, IReadOnlyList<int> numbers)
    {
        var stream = new SampleStream(_options.Train.Count, _options.Seed);
        return Prefetch.Of(numbers.Select<int, Func<SegmentationBatch>>(batch =>
        {
            long place = (((long)epoch * BatchesPerEpoch) + batch) * _options.BatchSize;
            (int Pass, int Example)[] examples = [.. Enumerable.Range(0, _options.BatchSize).Select(i => stream.At(place + i))];
            return () => Make(examples);
        }));
    }

    /// <summary>None: images are measured at sizes of their own.</summary>
    protected override IEnumerable<SegmentationBatch> EvaluationBatches() => [];

    /// <inheritdoc/>
    protected override Tensor Loss(Tensor predictions, SegmentationBatch batch) => PixelLoss.Of(predictions, batch.Labels, Network.Head.Config);

    /// <inheritdoc/>
    protected override int CountOf(SegmentationBatch batch) => batch.Labels.Count;

    /// <inheritdoc/>
    protected override (Tensor Predictions, Tensor Loss) Train(SegmentationBatch batch)
    {
        Tensor[] heads = Network.ForwardHeads(Images(batch));
        Tensor loss = Loss(heads[0], batch);
        if (Network.AuxiliaryHead is { } auxiliary)
            loss = loss + PixelLoss.Of(heads[1], batch.Labels, auxiliary.Config);
        return (heads[0], loss);
    }

    /// <summary>Where the device computes on while the program goes on: scores in training are computed there, too, and no step waits for them.</summary>
    protected override bool HasInputs => Device.IsAsynchronous;

    /// <inheritdoc/>
    protected override IReadOnlyList<Tensor> Inputs(SegmentationBatch batch)
    {
        int classes = Network.NumClasses;
        List<Tensor> inputs = [Images(batch), PixelScores.Labels(batch.Labels, classes, Device)];
        foreach (DecodeHeadConfig head in Heads())
        {
            PixelTargets targets = PixelTargets.Of(batch.Labels, classes, head, Device);
            inputs.AddRange([targets.Classes, targets.Weights]);
        }

        return inputs;
    }

    /// <inheritdoc/>
    protected override (Tensor Loss, Tensor Sums) Train(IReadOnlyList<Tensor> inputs)
    {
        (int height, int width) = (inputs[0].Shape[1], inputs[0].Shape[2]);
        Tensor[] logits = Network.ForwardHeads(inputs[0]);
        Tensor loss = Heads().Select((head, i) => PixelLoss.Of(logits[i], new PixelTargets(inputs[2 + (2 * i)], inputs[3 + (2 * i)], height, width), head)).Aggregate((sum, term) => sum + term);
        return (loss, _scores.Sums(logits[0].Detach(), inputs[1], height, width));
    }

    /// <summary>Scores of a batch in training, at the resolution of the head.</summary>
    protected override Tensor Measure(Tensor predictions, SegmentationBatch batch, Tensor loss)
    {
        (int height, int width) = (predictions.Shape[1], predictions.Shape[2]);
        byte[] classes = Array.ConvertAll(predictions.ArgMax().ToArray<long>(), value => (byte)value);
        var counts = new PixelCounts(Network.NumClasses);
        for (int i = 0; i < batch.Labels.Count; i++)
            counts.Add(classes.AsSpan(i * height * width, height * width), batch.Labels[i].Resized(width, height).Values);
        return Tensor.From(Array.ConvertAll(SegmentationEvaluation.Sums(counts, batch.Labels.Count), sum => (float)sum), [Metrics.Count], predictions.Device);
    }

    private IEnumerable<DecodeHeadConfig> Heads() => Network.AuxiliaryHead is { } auxiliary ? [Network.Head.Config, auxiliary.Config] : [Network.Head.Config];

    private Tensor Images(SegmentationBatch batch) => Tensor.From(batch.Images, [batch.Labels.Count, batch.Height, batch.Width, Image.Channels], Device);

    private SegmentationBatch Make((int Pass, int Example)[] examples)
    {
        TrainingPipeline pipeline = _options.Pipeline;
        int size = pipeline.CropHeight * pipeline.CropWidth * Image.Channels;
        float[] images = new float[examples.Length * size];
        var labels = new LabelMap[examples.Length];
        for (int i = 0; i < examples.Length; i++)
        {
            (Image photo, LabelMap map) = _options.Train.Read(examples[i].Example);
            using (photo)
                labels[i] = pipeline.Apply(photo, map, new SampleRandom(_options.Seed, examples[i].Pass, examples[i].Example), images.AsSpan(i * size, size));
        }

        return new SegmentationBatch(images, pipeline.CropHeight, pipeline.CropWidth, labels);
    }
}
