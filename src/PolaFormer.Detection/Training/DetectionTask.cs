using PolaFormer.Checkpoints;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Detection.Losses;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection.Training;

/// <summary>Images to boxes, classes and masks; measured by COCO's average precision.</summary>
public sealed class DetectionTask : TrainingTask<DetectionInput[]>
{
    // Losses of a stage: classes, accuracy, boxes and masks.
    private const int MostLosses = 4;

    private readonly DetectionTaskOptions _options;
    private readonly DetectorDescription _description;
    private readonly CocoImage[] _images;
    private readonly BatchOrder _order;
    private bool _hasWarned;
    private readonly Tensor _losses;
    private string[] _names = [];

    /// <summary>Builds the network with drawn or given weights.</summary>
    /// <param name="options">The network and its data.</param>
    /// <param name="device">Where to train; the default device where null.</param>
    /// <exception cref="ArgumentException">The numbers do not agree, or there is nothing to learn from.</exception>
    /// <exception cref="CheckpointException">The checkpoint to start from cannot be read, or nothing of it fits.</exception>
    public DetectionTask(DetectionTaskOptions options, Device? device = null)
        : base(device)
    {
        _options = options;
        HashSet<long> usable = [.. options.Train.Annotations.TrainingImages.Select(image => image.Id)];
        _images = [.. Enumerable.Repeat(options.Train.Images.Where(image => usable.Contains(image.Id)), options.Repeats).SelectMany(images => images)];
        if (_images.Length == 0 || options.BatchSize < 1)
            throw new ArgumentException($"There are {_images.Length} images with objects to learn from, {options.BatchSize} in a batch; both must be positive.", nameof(options));
        _order = new BatchOrder(_images, options.BatchSize, options.Seed);
        _description = new DetectorDescription { Name = options.Name, Config = options.Config, Categories = options.Train.Annotations.Categories, Scale = options.Scale };
        using IDisposable use = Device.Use();
        Network = options.Config.Create();
        if (Network.NumClasses != options.Train.Annotations.Categories.Count)
            throw new ArgumentException($"The network has {Network.NumClasses} classes, the data {options.Train.Annotations.Categories.Count} categories.", nameof(options));
        Network.Initialize(options.Seed);
        if (options.Pretrained is { Length: > 0 } path)
            Pretrained = LenientLoader.Start(path, Name, checkpoint => DetectorRecognition.IsDetector(checkpoint) ? Network : Network.Backbone);
        Metrics = DetectionMeasurement.Metrics(Network.HasMasks);
        _losses = Tensor.Zeros([MostLosses * (1 + (options.Config.Regions?.BoxHeads.Count ?? 0))]);
    }

    /// <inheritdoc/>
    public override string Name => _options.Name;

    /// <inheritdoc/>
    public override Module Model => Network;

    /// <summary>The network.</summary>
    public Detector Network { get; }

    /// <inheritdoc/>
    public override PretrainedReport? Pretrained { get; }

    /// <summary>What it is trained on.</summary>
    public DetectionTaskOptions Options => _options;

    /// <summary>The last evaluation; null before the first.</summary>
    public DetectionMeasurement? LastMeasurement { get; private set; }

    /// <summary>The tables of the last evaluation, of boxes and, where the network has them, masks; empty before the first.</summary>
    public IReadOnlyList<EvaluationTable> LastTables => LastMeasurement?.Tables ?? [];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, double Value)> LossTerms => [.. _names.Zip(_losses.ToArray(), (name, value) => (name, (double)value))];

    /// <summary>Average precision of boxes and masks.</summary>
    public override IReadOnlyList<MetricDefinition> Metrics { get; }

    /// <inheritdoc/>
    public override int BatchesPerEpoch => _order.Count;

    /// <summary>No: precision is of a data set.</summary>
    public override bool MeasuresTraining => false;

    /// <summary>Steps of an epoch.</summary>
    public int StepsPerEpoch => BatchesPerEpoch / _options.BatchesPerStep;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Classes => [.. _options.Train.Annotations.Categories.Select(category => category.Name)];

    /// <inheritdoc/>
    public override Module CreateModel() => _options.Config.Create();

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Describe(double? value, int epoch) => (_description with { BoxPrecision = value, Epoch = epoch }).ToMetadata();

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings()
    {
        IReadOnlyList<string> warnings = _hasWarned ? [] : _options.LeftOut;
        _hasWarned = true;
        return warnings.Select(reason => $"left out: {reason}");
    }

    /// <summary>The losses by name are the training's results.</summary>
    public override Tensor Predict(Module model, DetectionInput[] batch) => throw new NotSupportedException("Detections are no tensor: they are measured by Evaluate.");

    /// <summary>Finds the objects of every image, one at a time, and compares them with the annotations.</summary>
    public override PolaFormer.Training.Evaluation? Evaluate(Module model, CancellationToken stop = default)
    {
        if (DetectionMeasurement.Run((Detector)model, _options.Evaluation, _options.Scale, stop, Workers) is not { } measured)
            return null;
        LastMeasurement = measured;
        return measured.ToEvaluation();
    }

    /// <inheritdoc/>
    protected override IEnumerable<DetectionInput[]> TrainingBatches(int epoch, IReadOnlyList<int> numbers)
    {
        int[][] batches = _order.Of(epoch);
        return Prefetch.Of(numbers.Select<int, Func<DetectionInput[]>>(number => () => Make(epoch, batches[number])));
    }

    /// <summary>None: images are measured at sizes of their own.</summary>
    protected override IEnumerable<DetectionInput[]> EvaluationBatches() => [];

    /// <inheritdoc/>
    protected override Tensor Loss(Tensor predictions, DetectionInput[] batch) => predictions.Sum();

    /// <inheritdoc/>
    protected override int CountOf(DetectionInput[] batch) => batch.Length;

    /// <inheritdoc/>
    protected override (Tensor Predictions, Tensor Loss) Train(DetectionInput[] batch)
    {
        (Tensor images, ImageInfo[] infos, ImageObjects[] objects) = DetectionInput.Batch(batch, Device);
        NamedLoss[] losses = Network.TrainingLosses(images, infos, objects, new SampledPermutations().Next);

        // They stay on the device until a step is shown.
        _names = [.. losses.Select(loss => loss.Name)];
        for (int i = 0; i < losses.Length; i++)
            _losses.Slice(0, i, 1).CopyFrom(losses[i].Sum().Detach().Reshape(1));
        Tensor total = NamedLoss.Total(losses);
        return (total, total);
    }

    /// <summary>Precision is measured over a data set alone.</summary>
    protected override Tensor Measure(Tensor predictions, DetectionInput[] batch, Tensor loss) => Tensor.Zeros([Metrics.Count], loss.Device);

    private DetectionInput[] Make(int epoch, int[] numbers) => [.. numbers.Select(number =>
    {
        AnnotatedImage image = _options.Train.Read(_images[number]);
        return _options.Pipeline.Apply(image, new SampleRandom(_options.Seed, epoch, number));
    })];
}
