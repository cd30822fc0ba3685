using PolaFormer.Detection;
using PolaFormer.Detection.Heads;
using PolaFormer.NN;
using PolaFormer.Tensors;

/// <summary>Backbone, pyramid and proposal network as one module: images → (B, anchors' places, 1, scores and deltas).</summary>
internal sealed class DensePart : Module
{
    private readonly RegionDetector _detector;

    public DensePart(RegionDetector detector) => _detector = AddChild("detector", detector);

    protected override Tensor Run(Tensor x)
    {
        LevelOutputs[] levels = _detector.Proposer.ForwardMaps(_detector.ForwardMaps(x));
        return Tensor.Concat(1, [.. levels.Select(level => Tensor.Concat(3, [level.Scores, level.Deltas])).Select(map => map.Reshape(map.Shape[0], map.Shape[1] * map.Shape[2], 1, map.Shape[3]))]);
    }
}
