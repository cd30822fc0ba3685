using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Detection.Heads;

/// <summary>The head of RetinaNet (Lin et al., ICCV 2017): classes and boxes by two branches of convolutions, the same for all levels.</summary>
public sealed class RetinaHead : DenseHead
{
    private readonly RetinaConfig _config;
    private readonly ModuleList<ConvModule> _classBranch, _boxBranch;
    private readonly Conv2d _scores, _deltas;

    /// <summary>Makes the head.</summary>
    public RetinaHead(RetinaConfig config)
    {
        _config = config;
        var start = Initializer.Normal(0.01f);
        ModuleList<ConvModule> Branch() => new(Enumerable.Range(0, config.StackedConvolutions).Select(i =>
            new ConvModule(i == 0 ? config.InChannels : config.FeatureChannels, config.FeatureChannels, 3, start: start)));
        _classBranch = AddChild("cls_convs", Branch());
        _boxBranch = AddChild("reg_convs", Branch());

        // A class has probability 0.01 at first.
        _scores = AddChild("retina_cls", new Conv2d(config.FeatureChannels, config.Anchors.Count * config.NumClasses, 3, 1, 1, initialization: (start, Initializer.Constant(-MathF.Log(99)))));
        _deltas = AddChild("retina_reg", new Conv2d(config.FeatureChannels, config.Anchors.Count * 4, 3, 1, 1, initialization: (start, Initializer.Zeros)));
    }

    /// <inheritdoc/>
    public override int NumClasses => _config.NumClasses;

    /// <inheritdoc/>
    protected override AnchorGenerator Anchors => _config.Anchors;

    /// <inheritdoc/>
    protected override BoxCoder Coder => _config.Coder;

    /// <inheritdoc/>
    protected override bool ComparesDecoded => _config.ComparesDecoded;

    /// <inheritdoc/>
    protected override BoxLoss BoxLoss => _config.BoxLoss;

    /// <inheritdoc/>
    protected override DenseTraining? Training => _config.Training;

    /// <inheritdoc/>
    protected override bool DividesByAll => false;

    /// <summary>What is found in each image, in pixels of the photographs where <paramref name="rescales"/>.</summary>
    public ImageDetections[] Detections(IReadOnlyList<LevelOutputs> levels, IReadOnlyList<ImageInfo> images, bool rescales = true) =>
        [.. images.Select((image, i) => DetectionsOf(levels, image, i, rescales))];

    /// <inheritdoc/>
    protected override LevelOutputs RunMap(Tensor x) => new(_scores.Forward(_classBranch.Forward(x)), _deltas.Forward(_boxBranch.Forward(x)));

    /// <inheritdoc/>
    protected override Tensor ClassLoss(Tensor logits, int[] labels) =>
        logits.FocalLoss(Tensor.From(Array.ConvertAll(labels, label => (long)label), [labels.Length], logits.Device), _config.Gamma, _config.Alpha) * _config.ClassWeight;

    private ImageDetections DetectionsOf(IReadOnlyList<LevelOutputs> levels, ImageInfo image, int number, bool rescales)
    {
        using var scope = MemoryScope.Enter();
        ProposalRule rule = _config.Detections;
        (List<Box> boxes, List<float> scores, List<int> labels) = ([], [], []);
        for (int i = 0; i < levels.Count; i++)
        {
            float[] all = levels[i].Scores.Slice(0, number, 1).Detach().Sigmoid().ToArray();
            int[] above = [.. Enumerable.Range(0, all.Length).Where(j => all[j] > rule.ScoreBound)];
            int[] best = [.. NonMaximumSuppression.BestByScore([.. above.Select(j => all[j])], rule.BestOfLevel > 0 ? rule.BestOfLevel : int.MaxValue).Select(j => above[j])];
            boxes.AddRange(Decoded(levels, i, number, image, [.. best.Select(j => j / NumClasses)]));
            scores.AddRange(best.Select(j => all[j]));
            labels.AddRange(best.Select(j => j % NumClasses));
        }

        Box[] scaled = [.. boxes.Select(box => rescales ? box.Divided(image.ScaleX, image.ScaleY) : box)];
        int[] kept = NonMaximumSuppression.KeepByGroup(scaled, [.. scores], [.. labels], rule.OverlapBound, rule.MaxPerImage);
        return new ImageDetections([.. kept.Select(i => scaled[i])], [.. kept.Select(i => scores[i])], [.. kept.Select(i => labels[i])]);
    }
}
