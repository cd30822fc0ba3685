using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Losses;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Detection.Heads;

/// <summary>A region proposal network (Ren et al., Faster R-CNN, 2015): whether there is an object, and where.</summary>
public sealed class RpnHead : DenseHead
{
    private static readonly (Initializer Weight, Initializer Bias) s_start = (Initializer.Normal(0.01f), Initializer.Zeros);

    private readonly RpnConfig _config;
    private readonly Conv2d _convolution, _scores, _deltas;

    /// <summary>Makes the head.</summary>
    public RpnHead(RpnConfig config)
    {
        _config = config;
        _convolution = AddChild("rpn_conv", new Conv2d(config.InChannels, config.FeatureChannels, 3, 1, 1, initialization: s_start, activation: Activation.Relu));
        _scores = AddChild("rpn_cls", new Conv2d(config.FeatureChannels, config.Anchors.Count, 1, initialization: s_start));
        _deltas = AddChild("rpn_reg", new Conv2d(config.FeatureChannels, 4 * config.Anchors.Count, 1, initialization: s_start));
    }

    /// <inheritdoc/>
    public override int NumClasses => 1;

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
    protected override bool DividesByAll => true;

    /// <summary>The proposals of each image, by falling score.</summary>
    public (Box[] Boxes, float[] Scores)[] Proposals(IReadOnlyList<LevelOutputs> levels, IReadOnlyList<ImageInfo> images)
    {
        ProposalRule rule = (IsTraining ? _config.TrainingProposals : null) ?? _config.Proposals;
        return [.. images.Select((image, i) => ProposalsOf(levels, image, i, rule))];
    }

    /// <inheritdoc/>
    protected override LevelOutputs RunMap(Tensor x)
    {
        x = _convolution.Forward(x);
        return new LevelOutputs(_scores.Forward(x), _deltas.Forward(x));
    }

    /// <inheritdoc/>
    protected override Tensor ClassLoss(Tensor logits, int[] labels) => ClassLosses.Sigmoid(logits, labels) * _config.ClassWeight;

    private (Box[] Boxes, float[] Scores) ProposalsOf(IReadOnlyList<LevelOutputs> levels, ImageInfo image, int number, ProposalRule rule)
    {
        using var scope = MemoryScope.Enter();
        (List<Box> boxes, List<float> scores, List<int> ofLevel) = ([], [], []);
        for (int i = 0; i < levels.Count; i++)
        {
            float[] all = levels[i].Scores.Slice(0, number, 1).Detach().Sigmoid().ToArray();
            int[] best = rule.BestOfLevel > 0 && all.Length > rule.BestOfLevel
                ? NonMaximumSuppression.BestByScore(all, rule.BestOfLevel)
                : [.. Enumerable.Range(0, all.Length)];
            Box[] decoded = Decoded(levels, i, number, image, best);
            for (int j = 0; j < best.Length; j++)
            {
                if (rule.MinSize >= 0 && !(decoded[j].Width > rule.MinSize && decoded[j].Height > rule.MinSize))
                    continue;
                boxes.Add(decoded[j]);
                scores.Add(all[best[j]]);
                ofLevel.Add(i);
            }
        }

        int[] kept = NonMaximumSuppression.KeepByGroup([.. boxes], [.. scores], [.. ofLevel], rule.OverlapBound, rule.MaxPerImage);
        return ([.. kept.Select(i => boxes[i])], [.. kept.Select(i => scores[i])]);
    }
}
