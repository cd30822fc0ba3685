using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Losses;
using PolaFormer.Detection.Masks;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Detection.Heads;

/// <summary>
/// What is in proposed regions (He et al., Mask R-CNN, ICCV 2017), in one stage or in several, each of which starts from the boxes of
/// the one before (Cai and Vasconcelos, Cascade R-CNN, CVPR 2018).
/// </summary>
public sealed class RegionHead : Module
{
    // Regions whose maps exist together where nothing is trained: 13 MB of boxes' and 6 MB of masks' at 256 channels.
    private const int BoxesTogether = 256, MasksTogether = 32;

    private readonly RegionHeadConfig _config;
    private readonly BoxHead[] _boxHeads;
    private readonly MaskHead[] _maskHeads;
    private readonly RegionReader _boxReader;
    private readonly RegionReader? _maskReader;

    /// <summary>Makes the stages.</summary>
    public RegionHead(RegionHeadConfig config)
    {
        _config = config;
        MaskBound = config.MaskBound;
        _boxHeads = [.. config.BoxHeads.Select(head => new BoxHead(head))];
        _maskHeads = config.MaskHead is { } mask ? [.. config.BoxHeads.Select(_ => new MaskHead(mask, config.IsCascade))] : [];
        Add("bbox_head", _boxHeads);
        if (_maskHeads.Length > 0)
            Add("mask_head", _maskHeads);
        _boxReader = new RegionReader(config.BoxPooling);
        _maskReader = config.MaskPooling is { } pooling ? new RegionReader(pooling) : null;

        void Add<T>(string name, T[] parts)
            where T : Module
        {
            if (config.IsCascade)
                AddChild(name, new ModuleList<T>(parts));
            else
                AddChild(name, parts[0]);
        }
    }

    /// <summary>From which probability on a pixel belongs to a mask; that of the configuration unless set.</summary>
    internal double MaskBound { get; set; }

    /// <summary>Classes without background.</summary>
    public int NumClasses => _config.BoxHeads[0].NumClasses;

    /// <summary>The losses of a batch; those of a cascade's stages are named s0. and so on.</summary>
    /// <param name="maps">Levels of the pyramid.</param>
    /// <param name="images">The images.</param>
    /// <param name="proposals">Boxes of each image.</param>
    /// <param name="objects">What is in each image.</param>
    /// <param name="permute">Draws the choice of regions.</param>
    public (NamedLoss[] Losses, RegionStage[] Stages) TrainingLosses(
        IReadOnlyList<Tensor> maps, IReadOnlyList<ImageInfo> images, IReadOnlyList<Box[]> proposals, IReadOnlyList<ImageObjects> objects, Func<int, int[]> permute)
    {
        IReadOnlyList<RegionTraining> training = _config.Training ?? throw new InvalidOperationException("The region head has no assigner to be trained with.");
        var losses = new List<NamedLoss>();
        var stages = new List<RegionStage>();
        for (int i = 0; i < _boxHeads.Length; i++)
        {
            SampledBoxes[] samples = [.. images.Select((_, j) => Sample(training[i], proposals[j], objects[j], permute))];
            RegionStage stage = RunStage(i, maps, samples, objects, training[i].MaskSize, out IReadOnlyList<NamedLoss> ofStage);
            stages.Add(stage);
            losses.AddRange(_config.IsCascade ? ofStage.Select(loss => Weighted(loss, i)) : ofStage);
            if (i + 1 < _boxHeads.Length)
                proposals = Refined(stage, _boxHeads[i], images);
        }

        return ([.. losses], [.. stages]);
    }

    /// <summary>What is found in each image, in pixels of the photographs where <paramref name="rescales"/>.</summary>
    public ImageDetections[] Detections(IReadOnlyList<Tensor> maps, IReadOnlyList<ImageInfo> images, IReadOnlyList<Box[]> proposals, bool rescales = true)
    {
        using var scope = MemoryScope.Enter();
        ImageDetections[] boxes = BoxesOf(maps, images, proposals, rescales);
        return _maskReader is null ? boxes : [.. boxes.Select((found, i) => found with { Masks = MasksOf(maps, images[i], i, found, rescales) })];
    }

    /// <summary>The outputs of the first box head for regions of a batch.</summary>
    public (Tensor Scores, Tensor Deltas) ForwardBoxes(IReadOnlyList<Tensor> maps, IReadOnlyList<(int Image, Box Box)> regions)
    {
        (float[] scores, float[] deltas) = Outputs(_boxHeads[0], maps, regions);
        return (Tensor.From(scores, [regions.Count, NumClasses + 1], Device.Cpu), Tensor.From(deltas, [regions.Count, _boxHeads[0].Config.Moves], Device.Cpu));
    }

    /// <summary>The logits of the first mask head for regions of a batch.</summary>
    public Tensor ForwardMasks(IReadOnlyList<Tensor> maps, IReadOnlyList<(int Image, Box Box)> regions) =>
        _maskHeads[0].Forward(_maskReader!.Read(maps, regions));

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => throw new NotSupportedException("A region head takes maps and proposals: call TrainingLosses or Detections.");

    private static SampledBoxes Sample(RegionTraining training, Box[] proposals, ImageObjects objects, Func<int, int[]> permute)
    {
        Assignment assignment = training.Assigner.Assign(proposals, objects.Boxes, objects.Labels, objects.Ignored);
        return training.Sampler.Sample(assignment, proposals, objects.Boxes, objects.Labels, permute);
    }

    private RegionStage RunStage(int number, IReadOnlyList<Tensor> maps, SampledBoxes[] samples, IReadOnlyList<ImageObjects> objects, int maskSize, out IReadOnlyList<NamedLoss> losses)
    {
        BoxHead head = _boxHeads[number];
        (int Image, Box Box)[] regions = [.. samples.SelectMany((sample, i) => sample.Boxes.Select(box => (i, box)))];
        (Tensor scores, Tensor deltas) = head.ForwardRegions(_boxReader.Read(maps, regions));
        (int[] labels, Box[] targets) = head.Targets(samples);
        losses = head.Losses(scores, deltas, [.. regions.Select(region => region.Box)], labels, targets);
        if (_maskReader is null)
            return new RegionStage(samples, labels, targets, scores, deltas, null, null);

        (int, Box)[] positive = [.. samples.SelectMany((sample, i) => sample.PositiveBoxes.Select(box => (i, box)))];
        float[] maskTargets = [.. samples.SelectMany((sample, i) => MaskTargets(sample, objects[i].Masks, maskSize))];
        if (positive.Length == 0)
        {
            losses = [.. losses, new NamedLoss("loss_mask", Tensor.Zeros([], maps[0].Device))];
            return new RegionStage(samples, labels, targets, scores, deltas, maskTargets, null);
        }

        Tensor logits = _maskHeads[number].Forward(_maskReader.Read(maps, positive));
        Tensor loss = ClassLosses.Mask(logits, Tensor.From(maskTargets, logits.Shape.With(3, 1), logits.Device).Reshape(logits.Shape[0], logits.Shape[1], logits.Shape[2]), _maskHeads[number].ChannelsOf([.. samples.SelectMany(sample => sample.Labels)]));
        losses = [.. losses, new NamedLoss("loss_mask", loss * _maskHeads[number].Config.Weight)];
        return new RegionStage(samples, labels, targets, scores, deltas, maskTargets, logits);
    }

    private static float[] MaskTargets(SampledBoxes sample, InstanceMasks? masks, int size)
    {
        if (sample.PositiveBoxes.Length == 0)
            return [];
        if (masks is null)
            throw new ArgumentException("The network has masks, and the objects have none: read them from annotations with segmentation, or train one without masks.");
        return masks.Targets([.. sample.PositiveBoxes.Select(box => box.Clipped(masks.Width, masks.Height))], sample.Objects, size, size);
    }

    private NamedLoss Weighted(NamedLoss loss, int stage)
    {
        string name = $"s{stage}.{loss.Name}";
        return loss.Counts ? new NamedLoss(name, [.. loss.Values.Select(value => value * _config.StageWeights[stage])]) : new NamedLoss(name, [.. loss.Values]);
    }

    // The next stage's proposals: every region moved by its class, or the best foreground class of background; objects that were added go.
    private static Box[][] Refined(RegionStage stage, BoxHead head, IReadOnlyList<ImageInfo> images)
    {
        float[] scores = stage.Scores.Detach().ToArray(), deltas = stage.Deltas.Detach().ToArray();
        int classes = head.Config.NumClasses, width = deltas.Length / Math.Max(1, stage.Labels.Length), start = 0;
        var refined = new List<Box[]>();
        for (int i = 0; i < images.Count; i++)
        {
            Box[] boxes = stage.Samples[i].Boxes;
            int from = start;
            int[] labels = [.. boxes.Select((_, j) => stage.Labels[from + j] < classes
                ? stage.Labels[from + j]
                : ClassLosses.IndexOfLargest(scores.AsSpan((from + j) * (classes + 1), classes)))];
            Box[] moved = head.Moved(boxes, labels, deltas.AsSpan(from * width, boxes.Length * width), images[i]);
            bool[] isObject = stage.Samples[i].IsObject;
            refined.Add([.. moved.Where((_, j) => j >= isObject.Length || !isObject[j])]);
            start += boxes.Length;
        }

        return [.. refined];
    }

    private ImageDetections[] BoxesOf(IReadOnlyList<Tensor> maps, IReadOnlyList<ImageInfo> images, IReadOnlyList<Box[]> proposals, bool rescales)
    {
        if (proposals.All(boxes => boxes.Length == 0))
            return [.. images.Select(_ => ImageDetections.None with { Masks = _maskReader is null ? null : [] })];
        Box[][] regions = [.. proposals];
        int width = NumClasses + 1;
        float[]? sum = null;
        float[] deltas = [];
        for (int i = 0; i < _boxHeads.Length; i++)
        {
            (float[] scores, deltas) = Outputs(_boxHeads[i], maps, [.. regions.SelectMany((boxes, j) => boxes.Select(box => (j, box)))]);
            float[] moves = deltas;
            for (int j = 0; sum is not null && j < sum.Length; j++)
                sum[j] += scores[j];
            sum ??= scores.ToArray();
            if (i + 1 == _boxHeads.Length)
                break;
            int columns = _boxHeads[i].Config.Moves;
            regions = Each(regions, images, (boxes, image, from) => _boxHeads[i].Moved(
                boxes,
                [.. boxes.Select((_, j) => ClassLosses.IndexOfLargest(scores.AsSpan((from + j) * width, NumClasses)))],
                moves.AsSpan(from * columns, boxes.Length * columns),
                image));
        }

        // Logits of the stages are averaged, not probabilities.
        float[] probabilities = (Tensor.From(sum!, [sum!.Length / width, width], Device.Cpu) * (1f / _boxHeads.Length)).Softmax().ToArray();
        BoxHead last = _boxHeads[^1];
        int start = 0;
        return [.. images.Select((image, i) =>
        {
            int from = start, count = regions[i].Length, moves = last.Config.Moves;
            start += count;
            return Best(last, regions[i], probabilities.AsSpan(from * width, count * width), deltas.AsSpan(from * moves, count * moves), image, rescales);
        })];
    }

    // Logits and deltas of a stage, region after region. Some of a level at a time, each read as the head takes them.
    private (float[] Scores, float[] Deltas) Outputs(BoxHead head, IReadOnlyList<Tensor> maps, IReadOnlyList<(int Image, Box Box)> regions)
    {
        int classes = NumClasses + 1, moves = head.Config.Moves;
        (float[] scores, float[] deltas) = (new float[regions.Count * classes], new float[regions.Count * moves]);
        foreach (int[] part in _boxReader.Parts(regions, BoxesTogether))
        {
            using var scope = MemoryScope.Enter();
            (Tensor ofScores, Tensor ofDeltas) = head.ForwardRegions(_boxReader.Read(maps, [.. part.Select(i => regions[i])]));
            Put(part, ofScores.ToArray(), scores, classes);
            Put(part, ofDeltas.ToArray(), deltas, moves);
        }

        return (scores, deltas);

        static void Put(int[] numbers, float[] rows, float[] all, int width)
        {
            for (int i = 0; i < numbers.Length; i++)
                rows.AsSpan(i * width, width).CopyTo(all.AsSpan(numbers[i] * width));
        }
    }

    private static Box[][] Each(Box[][] regions, IReadOnlyList<ImageInfo> images, Func<Box[], ImageInfo, int, Box[]> move)
    {
        int start = 0;
        return [.. regions.Select((boxes, i) =>
        {
            start += boxes.Length;
            return move(boxes, images[i], start - boxes.Length);
        })];
    }

    private ImageDetections Best(BoxHead head, Box[] regions, ReadOnlySpan<float> probabilities, ReadOnlySpan<float> deltas, ImageInfo image, bool rescales)
    {
        if (regions.Length == 0)
            return ImageDetections.None;
        Box[] decoded = Box.FromValues(head.Config.Coder.Decode(
            Box.ToTensor(regions, Device.Cpu), Tensor.From(deltas, [regions.Length, deltas.Length / regions.Length], Device.Cpu), (image.Height, image.Width)).ToArray());
        if (rescales)
            decoded = Array.ConvertAll(decoded, box => box.Divided(image.ScaleX, image.ScaleY));
        int[] kept = NonMaximumSuppression.KeepByClass(decoded, probabilities, NumClasses, _config.ScoreBound, _config.OverlapBound, _config.MaxPerImage);
        float[] scores = new float[kept.Length];
        for (int i = 0; i < kept.Length; i++)
            scores[i] = probabilities[(kept[i] / NumClasses * (NumClasses + 1)) + (kept[i] % NumClasses)];
        return new ImageDetections(
            [.. kept.Select(i => decoded[head.Config.IsClassAgnostic ? i / NumClasses : i])], scores, [.. kept.Select(i => i % NumClasses)]);
    }

    private RunLengthMask[] MasksOf(IReadOnlyList<Tensor> maps, ImageInfo image, int number, ImageDetections found, bool rescales)
    {
        if (found.Count == 0)
            return [];

        // Regions are those of the network's image, in which a mask was learned.
        Box[] boxes = rescales ? Array.ConvertAll(found.Boxes, box => box.Scaled(image.ScaleX, image.ScaleY)) : found.Boxes;
        int side = 2 * _maskReader!.Size, pixels = side * side;
        double[] values = new double[boxes.Length * pixels];
        for (int from = 0; from < boxes.Length; from += MasksTogether)
        {
            using var scope = MemoryScope.Enter();
            int count = Math.Min(MasksTogether, boxes.Length - from);
            Tensor regions = _maskReader.Read(maps, [.. boxes[from..(from + count)].Select(box => (number, box))]);
            foreach (MaskHead head in _maskHeads)
            {
                float[] ofStage = ClassLosses.OfLabels(head.Forward(regions), head.ChannelsOf(found.Labels[from..(from + count)])).ToArray();

                // Probabilities of the stages are averaged, not logits.
                for (int i = 0; i < ofStage.Length; i++)
                    values[(from * pixels) + i] += 1 / (1 + Math.Exp(-ofStage[i])) / _maskHeads.Length;
            }
        }

        (int height, int width) = rescales ? (image.OriginalHeight, image.OriginalWidth) : ((int)MathF.Round(image.OriginalHeight * image.ScaleY), (int)MathF.Round(image.OriginalWidth * image.ScaleX));
        var masks = new RunLengthMask[boxes.Length];
        Parallel.For(0, masks.Length, new ParallelOptions { MaxDegreeOfParallelism = Workers.ThreadCount }, i => masks[i] = MaskPaste.Paste(
            values.AsSpan(i * pixels, pixels), side, rescales ? boxes[i].Divided(image.ScaleX, image.ScaleY) : boxes[i], height, width, MaskBound));
        return masks;
    }
}
