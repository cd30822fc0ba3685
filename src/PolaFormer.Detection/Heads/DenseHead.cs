using System.Runtime.InteropServices;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Losses;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Detection.Heads;

/// <summary>A head that says of every anchor of every map what is there and how the box is to move (mmdetection's AnchorHead).</summary>
public abstract class DenseHead : Module
{
    /// <summary>The anchors.</summary>
    protected abstract AnchorGenerator Anchors { get; }

    /// <summary>How boxes are regressed.</summary>
    protected abstract BoxCoder Coder { get; }

    /// <summary>Whether the loss is of decoded boxes; else of deltas.</summary>
    protected abstract bool ComparesDecoded { get; }

    /// <summary>The loss of boxes.</summary>
    protected abstract BoxLoss BoxLoss { get; }

    /// <summary>How it is trained.</summary>
    protected abstract DenseTraining? Training { get; }

    /// <summary>Logits of an anchor.</summary>
    public abstract int NumClasses { get; }

    /// <summary>Whether losses are divided by all chosen anchors; else by the positive ones.</summary>
    protected abstract bool DividesByAll { get; }

    /// <summary>Maps (B, h, w, C) → logits and deltas of each.</summary>
    public LevelOutputs[] ForwardMaps(IReadOnlyList<Tensor> maps)
    {
        Tensor[] inputs = [.. maps];
        Tensor[] all = CallForSeveral(new Pass(this, inputs), static pass => [.. pass.Maps.SelectMany(pass.Head.RunLevel)], inputs);
        return LevelOutputs.FromTensors(all);
    }

    /// <summary>What the anchors of each image are to become.</summary>
    public DenseTargets[] Targets(IReadOnlyList<LevelOutputs> levels, IReadOnlyList<ImageInfo> images, IReadOnlyList<ImageObjects> objects, Func<int, int[]> permute)
    {
        DenseTraining training = Training ?? throw new InvalidOperationException("The head has no assigner to be trained with.");
        (int, int)[] maps = [.. levels.Select(level => level.Size)];
        Box[] anchors = Anchors.OfAll(maps);
        return [.. images.Select((image, i) => DenseTargets.Of(
            anchors, Anchors.Valid(maps, image.PaddedHeight, image.PaddedWidth), image, objects[i], NumClasses, ComparesDecoded ? null : Coder, training, permute))];
    }

    /// <summary>The losses of classes and boxes, one of each for a level.</summary>
    public (NamedLoss Classes, NamedLoss Boxes) Losses(IReadOnlyList<LevelOutputs> levels, IReadOnlyList<DenseTargets> targets, string classes, string boxes)
    {
        int positive = targets.Sum(target => Math.Max(target.Positive.Length, 1)), negative = targets.Sum(target => Math.Max(target.Negatives, 1));
        float divisor = DividesByAll ? positive + negative : positive;
        (List<Tensor> ofClasses, List<Tensor> ofBoxes) = ([], []);
        int start = 0;
        for (int i = 0; i < levels.Count; i++)
        {
            LevelOutputs level = levels[i];
            (int height, int width) = level.Size;
            int count = height * width * Anchors.Count;
            (int from, int to) = (start, start + count);
            int[] labels = [.. targets.SelectMany(target => target.Labels[from..to])];
            float[] weights = [.. targets.SelectMany(target => target.LabelWeights[from..to])];
            Tensor loss = ClassLoss(level.Scores.Reshape(-1, NumClasses), labels);
            ofClasses.Add(LossAverage.Of(loss, Tensor.From(weights, [weights.Length, 1], loss.Device), divisor));
            ofBoxes.Add(LossOfBoxes(level.Deltas.Reshape(-1, 4), targets, from, count, ComparesDecoded ? Anchors.OfLevel(i, height, width) : null, divisor));
            start = to;
        }

        return (new NamedLoss(classes, ofClasses), new NamedLoss(boxes, ofBoxes));
    }

    /// <summary>The pass over one map.</summary>
    protected abstract LevelOutputs RunMap(Tensor x);

    /// <summary>The loss of each logit (rows, classes), weighted as a whole.</summary>
    protected abstract Tensor ClassLoss(Tensor logits, int[] labels);

    /// <inheritdoc/>
    protected sealed override Tensor Run(Tensor x) => throw new NotSupportedException("A dense head takes several maps: call ForwardMaps.");

    /// <summary>The boxes that some anchors of a level have become, clipped to the image.</summary>
    /// <param name="levels">Outputs of the head.</param>
    /// <param name="level">Number of the level.</param>
    /// <param name="number">Number of the image in the batch.</param>
    /// <param name="image">The image.</param>
    /// <param name="chosen">Numbers of the anchors.</param>
    protected Box[] Decoded(IReadOnlyList<LevelOutputs> levels, int level, int number, ImageInfo image, int[] chosen)
    {
        ReadOnlySpan<Box> all = MemoryMarshal.Cast<float, Box>(levels[level].Deltas.Slice(0, number, 1).ToArray());
        var deltas = new Box[chosen.Length];
        for (int i = 0; i < deltas.Length; i++)
            deltas[i] = all[chosen[i]];
        Box[] anchors = Anchors.Chosen(level, levels[level].Size.Width, chosen);
        return Box.FromValues(Coder.Decode(Box.ToTensor(anchors, Device.Cpu), Box.ToTensor(deltas, Device.Cpu), (image.Height, image.Width)).ToArray());
    }

    // What a level needs meanwhile is gone before the next.
    private Tensor[] RunLevel(Tensor map)
    {
        using var scope = MemoryScope.Enter();
        LevelOutputs outputs = RunMap(map);
        return [scope.Return(outputs.Scores), scope.Return(outputs.Deltas)];
    }

    // Only positive anchors have boxes to find: rows of the others are not read.
    private Tensor LossOfBoxes(Tensor deltas, IReadOnlyList<DenseTargets> targets, int start, int count, Box[]? anchors, float divisor)
    {
        List<long> rows = [];
        List<Box> wanted = [], from = [];
        for (int image = 0; image < targets.Count; image++)
        {
            int[] positive = targets[image].Positive;
            for (int i = 0; i < positive.Length; i++)
            {
                if (positive[i] < start || positive[i] >= start + count)
                    continue;
                rows.Add(((long)image * count) + positive[i] - start);
                wanted.Add(targets[image].Boxes[i]);
                if (anchors is not null)
                    from.Add(anchors[positive[i] - start]);
            }
        }

        if (rows.Count == 0)
            return deltas.Sum() * 0;
        Tensor chosen = deltas.Embedding(Tensor.From([.. rows], [rows.Count], deltas.Device));
        if (anchors is not null)
            chosen = Coder.Decode(Box.ToTensor([.. from], deltas.Device), chosen);
        return BoxLoss.Of(chosen, Box.ToTensor([.. wanted], deltas.Device), null, divisor);
    }

    private readonly record struct Pass(DenseHead Head, Tensor[] Maps);
}
