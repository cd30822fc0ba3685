using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// A backbone as dense prediction uses it: chosen stages' maps, each through a norm where the family has them (norm0 to norm3 of
/// Swin, extra_norms of PolaFormer++), under the names of the authors' segmentation and detection backbones.
/// </summary>
public sealed class FeatureExtractor : Module
{
    private readonly int[] _outputs;
    private readonly Module?[] _norms;

    /// <summary>Puts norms behind a backbone's stages.</summary>
    /// <param name="backbone">The stages, made from <see cref="VisionModelConfig.ForDensePrediction"/> of a configuration.</param>
    /// <param name="options">Which maps; all where null.</param>
    /// <exception cref="ArgumentException">There is no such stage.</exception>
    public FeatureExtractor(Backbone backbone, FeatureExtractorOptions? options = null)
    {
        options ??= new FeatureExtractorOptions();
        Backbone = AddInline(backbone);
        int stages = backbone.Levels.Count;
        _outputs = [.. options.Stages ?? Enumerable.Range(0, stages)];
        if (_outputs.Length == 0 || _outputs.Any(stage => stage < 0 || stage >= stages) || options.FrozenStages < -1 || options.FrozenStages > stages)
            throw new ArgumentException($"The backbone has stages 0 to {stages - 1}; asked for the maps of [{string.Join(", ", _outputs)}], with {options.FrozenStages} stages frozen.", nameof(options));
        _norms = new Module?[stages];
        for (int i = 0; i < stages; i++)
        {
            if (backbone.NewOutputNorm(i, _outputs.Contains(i)) is { } norm)
                _norms[i] = AddChild(norm.Name, norm.Norm);
        }

        if (options.FrozenStages >= 0)
            Freeze(options.FrozenStages);
        foreach (BatchNorm2d norm in options.KeepsStatistics ? backbone.Modules().OfType<BatchNorm2d>() : [])
            norm.StaysInEvaluation = true;
    }

    /// <summary>The stages.</summary>
    public Backbone Backbone { get; }

    /// <summary>The maps of <see cref="ForwardMaps"/> in order.</summary>
    public IReadOnlyList<FeatureLevel> Levels => [.. _outputs.Select(stage => Backbone.Levels[stage])];

    /// <summary>Whether training keeps the blocks' inputs alone and runs each block again in the backward pass: less memory for more time, the same bits.</summary>
    public bool UseCheckpoint
    {
        get => Backbone.Blocks.Any(block => block.IsCheckpointed);
        set
        {
            foreach (Module block in Backbone.Blocks)
                block.IsCheckpointed = value;
        }
    }

    /// <summary>Images (B, H, W, 3) of any height and width → the chosen maps, (B, h, w, C) each.</summary>
    /// <exception cref="ArgumentException">These are no images, or an attention of the network has parameters for another size.</exception>
    public Tensor[] ForwardMaps(Tensor images) => CallForSeveral(new Pass(this, images), static pass => pass.Module.RunMaps(pass.Images), images);

    /// <summary>The last of the maps.</summary>
    protected override Tensor Run(Tensor x) => RunMaps(x)[^1];

    private Tensor[] RunMaps(Tensor images)
    {
        Tensor[] maps = Backbone.ForwardStages(images);
        return [.. _outputs.Select(stage => _norms[stage]?.Forward(maps[stage]) ?? maps[stage])];
    }

    // The norms of frozen stages' maps are frozen with them.
    private void Freeze(int stages)
    {
        Backbone.Freeze(stages);
        foreach (Module norm in _norms.Take(stages).OfType<Module>())
        {
            norm.StaysInEvaluation = true;
            foreach (Parameter parameter in norm.Parameters())
                parameter.RequiresGrad = false;
        }
    }

    private readonly record struct Pass(FeatureExtractor Module, Tensor Images);
}
