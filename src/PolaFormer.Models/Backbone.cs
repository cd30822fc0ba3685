using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// The stem and the stages of a network: normalised images (B, H, W, 3) of any height and width to a feature map of every stage.
/// Classifiers (<see cref="VisionModel"/>) and dense prediction (<see cref="FeatureExtractor"/>) stand on it, under the same names
/// of parameters.
/// </summary>
public abstract class Backbone : Module
{
    /// <summary>What the network was made from.</summary>
    public abstract VisionModelConfig Config { get; }

    /// <summary>The maps of the stages in order. A network that is no pyramid has one.</summary>
    public abstract IReadOnlyList<FeatureLevel> Levels { get; }

    /// <summary>The blocks of all stages.</summary>
    protected internal abstract IEnumerable<Module> Blocks { get; }

    /// <summary>The feature map after the last stage, (B, h, w, C); with tokens of its own before it, all of them, (B, tokens + h·w, C).</summary>
    /// <param name="images">(B, H, W, 3).</param>
    /// <param name="stages">Receives "stem" and "stage1" to "stage4" with their feature maps (B, h, w, C), where given.</param>
    /// <exception cref="ArgumentException">These are no images, or an attention of the network has parameters for another size.</exception>
    public Tensor ForwardFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages = null)
    {
        if (stages is null)
            return Forward(images);
        var names = new List<string>();
        Tensor[] all = CallForSeveral(new Pass(this, images, names), static pass => pass.Backbone.RunAll(pass.Images, pass.Names), images);
        for (int i = 0; i < names.Count; i++)
            stages.Add((names[i], all[i]));
        return all[^1];
    }

    /// <summary>The feature maps of all stages, (B, h, w, C) each, as <see cref="Levels"/> describes them.</summary>
    /// <inheritdoc cref="ForwardFeatures"/>
    public Tensor[] ForwardStages(Tensor images)
    {
        var stages = new List<(string Stage, Tensor Features)>();
        ForwardFeatures(images, stages);
        return [.. stages.Skip(1).Select(stage => stage.Features)];
    }

    /// <summary>
    /// Takes the stem and the first stages, with the reductions behind them, out of training: they get no gradients and stay in
    /// evaluation behaviour (mmdetection's frozen_stages).
    /// </summary>
    /// <param name="stages">How many stages.</param>
    public void Freeze(int stages)
    {
        for (int part = 0; part <= stages; part++)
        {
            foreach (Module module in Parts(part))
            {
                module.StaysInEvaluation = true;
                foreach (Parameter parameter in module.Parameters())
                    parameter.RequiresGrad = false;
            }

            foreach (Parameter parameter in PartParameters(part))
                parameter.RequiresGrad = false;
        }
    }

    /// <summary>The norm that a stage's map passes in dense prediction, under its name there; null for none.</summary>
    /// <param name="stage">Number of the stage, from 0.</param>
    /// <param name="isUsed">Whether the map is asked for.</param>
    protected internal virtual (string Name, Module Norm)? NewOutputNorm(int stage, bool isUsed) => null;

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => RunFeatures(Checked(x), null);

    /// <summary>The stem and the stages.</summary>
    protected abstract Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages);

    /// <summary>The modules of the stem (0) or of a stage (from 1), with the reduction behind it.</summary>
    protected abstract IEnumerable<Module> Parts(int part);

    /// <summary>Parameters of the network itself that belong to the stem (0) or to a stage (from 1).</summary>
    protected virtual IEnumerable<Parameter> PartParameters(int part) => [];

    /// <summary>Learned tokens, (1, 1, C) each, before those of a grid: (B, H, W, C) → (B, tokens + H·W, C).</summary>
    protected static Tensor WithTokens(Tensor grid, params Parameter[] tokens)
    {
        Tensor pixels = grid.Reshape(grid.Shape[0], -1, grid.Shape[3]);

        // Repeated by way of the batch, whose extent an exported graph leaves open.
        Tensor none = pixels.Slice(1, 0, 1) * 0;
        return Tensor.Concat(1, [.. tokens.Select(token => none + token), pixels]);
    }

    /// <summary>The tokens of a grid without the class token: (B, h, w, C).</summary>
    protected static Tensor Grid(Tensor tokens, Shape grid) =>
        tokens.Rank == 4 ? tokens : tokens.Slice(1, tokens.Shape[1] - (grid[1] * grid[2]), grid[1] * grid[2]).Reshape(grid);

    /// <summary>Drop-path probability of each block: evenly spaced from 0 to <paramref name="rate"/> over the whole depth.</summary>
    protected static float[] DropPathSchedule(float rate, IEnumerable<int> depths) => DropPath.Schedule(rate, depths.Sum());

    private Tensor[] RunAll(Tensor images, List<string> names)
    {
        var stages = new List<(string Stage, Tensor Features)>();
        Tensor last = RunFeatures(Checked(images), stages);

        // A checkpointed pass runs twice.
        names.Clear();
        names.AddRange(stages.Select(stage => stage.Stage));
        return [.. stages.Select(stage => stage.Features), last];
    }

    private static Tensor Checked(Tensor images) => images.Rank == 4 && images.Shape[3] == 3
        ? images
        : throw new ArgumentException($"The model takes images (B, H, W, 3); got {images.Shape}.", nameof(images));

    private readonly record struct Pass(Backbone Backbone, Tensor Images, List<string> Names);
}
