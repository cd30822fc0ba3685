using System.Collections.Concurrent;
using PolaFormer.Checkpoints;
using PolaFormer.Distributed;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Training;

/// <summary>An image to a class: cross-entropy with smoothed labels or mixed images, top-1 and top-5.</summary>
public sealed class ClassificationTask : TrainingTask<Batch>
{
    private readonly TrainingConfig _config;
    private readonly ModelDescription _description;
    private readonly Mixup? _mixup;

    // Null where every example counts alike.
    private readonly float[]? _classWeights;

    // Filled by the loader's threads.
    private readonly ConcurrentQueue<string> _badImages = new();

    /// <summary>Builds the network with freshly drawn or given weights, and opens the data.</summary>
    /// <param name="config">The recipe.</param>
    /// <param name="device">Where to train; the default device where null.</param>
    /// <exception cref="ConfigurationException">A key asks for what is not supported.</exception>
    /// <exception cref="Vision.ImageException">The data cannot be opened.</exception>
    /// <exception cref="CheckpointException">MODEL.PRETRAINED cannot be read or does not fit.</exception>
    public ClassificationTask(TrainingConfig config, Device? device = null)
        : base(device)
    {
        ConfigurationRules.Check(config);
        if (Mixup.IsWanted(config.Aug) && MicroBatches.SizeOf(config) % 2 != 0)
            throw new ConfigurationException($"DATA.BATCH_SIZE: {MicroBatches.SizeOf(config)} is odd, and batches are mixed in pairs (AUG.MIXUP, AUG.CUTMIX); it takes an even number then, for each part of TRAIN.MICRO_BATCHES.");
        _config = config;
        using IDisposable use = Device.Use();
        var configured = ConfiguredModel.Create(config);
        Network = configured.Model;
        Network.UseCheckpoint = config.Train.UseCheckpoint;
        Network.Initialize((ulong)config.Seed);
        Data = TrainingData.Open(config, _badImages.Enqueue);
        if (config.Model.Pretrained.Length > 0)
        {
            using Checkpoint checkpoint = Checkpoint.Open(config.Model.Pretrained);
            Pretrained = PretrainedLoader.Load(Network, checkpoint);
            if (Pretrained.Loaded.Count == 0)
                throw new CheckpointException(config.Model.Pretrained, $"none of its entries fits {config.Model.Type}. Name a checkpoint of that architecture; 'inspect' tells which one it is.");
        }

        FrozenParameters.Apply(Network, config.Train.Freeze);
        if (Mixup.IsWanted(config.Aug))
            _mixup = new Mixup(config.Aug, Network.NumClasses, config.Model.LabelSmoothing);
        if (config.Train.ClassWeights == "balanced")
        {
            if (config.Data.Balanced)
                throw new ConfigurationException("TRAIN.CLASS_WEIGHTS: balanced and DATA.BALANCED would make up for uneven classes twice. Leave one of them out.");
            _classWeights = ClassWeights.Balanced(Data.CountsOfClasses());
        }

        _description = new ModelDescription
        {
            Model = configured.Name,
            Config = configured.Config,
            ImageSize = config.Data.ImgSize,
            Labels = Data.Classes,
            Mean = Data.Mean,
            Std = Data.Std,
            CenterCrop = Data.CenterCrop,
        };
    }

    /// <inheritdoc/>
    public override string Name => _description.Model;

    /// <inheritdoc/>
    public override Module Model => Network;

    /// <summary>The network.</summary>
    public VisionModel Network { get; }

    /// <summary>The images.</summary>
    public TrainingData Data { get; }

    /// <summary>The answers of the last evaluation, of the averaged weights where the run averages; null before the first.</summary>
    public ClassifierAnswers? LastAnswers { get; private set; }

    /// <inheritdoc/>
    public override PretrainedReport? Pretrained { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<MetricDefinition> Metrics => ClassificationMetrics.For(Network.NumClasses);

    /// <inheritdoc/>
    public override int BatchesPerEpoch => Data.Train.BatchCount;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Classes => Data.Classes;

    /// <inheritdoc/>
    public override int LeftOut => Data.Train.BadImages.Count;

    /// <inheritdoc/>
    public override Module CreateModel() => ConfiguredModel.Create(_config).Model;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Describe(double? value, int epoch) => (_description with { Top1 = value, Epoch = epoch }).ToMetadata();

    /// <inheritdoc/>
    public override string DataDescription => Data.Describe();

    /// <inheritdoc/>
    public override bool CanBe(Metrics sums) => Metrics.Count == 1 || sums["top1"] <= sums["top5"];

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings()
    {
        while (_badImages.TryDequeue(out string? message))
            yield return message;
    }

    /// <inheritdoc/>
    public override Tensor Predict(Module model, Batch batch) => model.Forward(Images(batch, Device));

    /// <inheritdoc/>
    public override Evaluation? Evaluate(Module model, CancellationToken stop = default)
    {
        var answers = new ClassifierAnswers(Classes);
        Evaluation? result = Evaluate((VisionModel)model, Data.Evaluation, Device, answers, stop, Workers);
        LastAnswers = result is null ? LastAnswers : answers;
        return result;
    }

    /// <summary>Measures a network that need not be of a run, on a loader's images. Null where it was stopped.</summary>
    /// <param name="model">The network.</param>
    /// <param name="loader">The images.</param>
    /// <param name="device">Where the network lies; the default device where null.</param>
    /// <param name="answers">Receives the network's answer to each image; null where they are not kept.</param>
    /// <param name="stop">Requests the stop.</param>
    /// <param name="workers">Those that share the batches, each decoding its own; the result and the answers are those of all, on each. This process alone where null.</param>
    public static Evaluation? Evaluate(VisionModel model, DataLoader loader, Device? device = null, ClassifierAnswers? answers = null, CancellationToken stop = default, WorkerGroup? workers = null)
    {
        IReadOnlyList<MetricDefinition> metrics = ClassificationMetrics.For(model.NumClasses);
        workers ??= WorkerGroup.Single;

        // Neighbours: a batch that is left out, its images being bad, changes nothing of the order.
        (int first, int end) = workers.ShareOf(loader.BatchCount);
        Evaluation? result = Evaluation.Run(model, metrics, loader.Epoch(0, [.. Enumerable.Range(first, end - first)]), batch =>
        {
            Tensor logits = MeanOfViews(model.Forward(Images(batch, device ?? Device.Default)), batch);
            answers?.Add(batch, logits.Softmax());
            return new BatchResult(batch.Count, CrossEntropy(logits, batch), ClassificationMetrics.Sums(logits, batch.Labels).Slice(0, 0, metrics.Count));
        }, stop, workers, isInTurn: false);
        if (result is not null)
            answers?.Gather(workers);
        return result;
    }

    /// <inheritdoc/>
    protected override IEnumerable<Batch> TrainingBatches(int epoch, IReadOnlyList<int> numbers) => Data.Train.Epoch(epoch, numbers);

    /// <inheritdoc/>
    protected override IEnumerable<Batch> EvaluationBatches() => Data.Evaluation.Epoch(0);

    /// <inheritdoc/>
    protected override Tensor Loss(Tensor predictions, Batch batch) => CrossEntropy(predictions, batch);

    /// <inheritdoc/>
    protected override int CountOf(Batch batch) => batch.Count;

    /// <inheritdoc/>
    protected override Tensor Measure(Tensor predictions, Batch batch, Tensor loss) =>
        ClassificationMetrics.Sums(predictions, batch.Labels).Slice(0, 0, Metrics.Count);

    /// <inheritdoc/>
    protected override bool HasInputs => true;

    /// <inheritdoc/>
    protected override IReadOnlyList<Tensor> Inputs(Batch batch)
    {
        (Tensor images, Tensor targets) = _mixup is null
            ? (Images(batch, Device), SoftTargets.FromLabels(batch.Labels, Network.NumClasses, (float)_config.Model.LabelSmoothing, Device))
            : _mixup.Apply(Images(batch, Device), batch.Labels, RandomStep.Current.Seed, (long)RandomStep.Current.Step);
        if (_classWeights is not null)
            targets = ClassWeights.Apply(targets, _classWeights);
        return [images, targets, ClassificationMetrics.ToTensor(batch.Labels, Device)];
    }

    /// <inheritdoc/>
    protected override (Tensor Loss, Tensor Sums) Train(IReadOnlyList<Tensor> inputs)
    {
        Tensor logits = Network.Forward(inputs[0]);
        return (logits.CrossEntropy(inputs[1]).Mean(), ClassificationMetrics.Sums(logits.Detach(), inputs[2]).Slice(0, 0, Metrics.Count));
    }

    // Logits whose softmax is the mean of the views' probabilities.
    private static Tensor MeanOfViews(Tensor logits, Batch batch) =>
        batch.ViewCount == 1 ? logits : logits.Softmax().Reshape(batch.Count, batch.ViewCount, logits.Shape[1]).Mean(1).Log();

    private static Tensor Images(Batch batch, Device device) => Tensor.From(batch.Images, [batch.Count * batch.ViewCount, batch.ImageSize, batch.ImageSize, 3], device);

    private static Tensor CrossEntropy(Tensor logits, Batch batch) =>
        logits.CrossEntropy(SoftTargets.FromLabels(batch.Labels, logits.Shape[1], 0, logits.Device)).Mean();
}
