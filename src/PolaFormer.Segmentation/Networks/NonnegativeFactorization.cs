using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// Nonnegative matrix factorisation by multiplicative updates (Hamburger: Geng et al., ICLR 2021, https://arxiv.org/abs/2109.04553;
/// mmsegmentation's ham_head.py, NMF2D): x ≈ b·cᵀ with x ≥ 0 as (D, N), D channels of a group and N places.
/// <para>
/// b starts at random, its columns of length 1, c = softmax(xᵀb); every step is c ← c·xᵀb/(c·bᵀb + ε), b ← b·x·c/(b·cᵀc + ε), and c
/// is updated once more. Gradients run through every step.
/// </para>
/// The authors draw the bases anew in every pass, in evaluation, too; here they depend on seed, name and step (<see cref="RandomStep"/>) in
/// training, and on the name alone in evaluation, so that it repeats its results.
/// </summary>
/// <param name="options">How it factorises.</param>
public sealed class NonnegativeFactorization(FactorizationOptions options) : Module
{
    private const float Epsilon = 1e-6f;

    /// <summary>Uniform numbers that every pass starts from, (B·groups, D, R), in place of those drawn; null for those.</summary>
    internal float[]? Draws { get; set; }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        (int batch, int places, int channels) = (x.Shape[0], x.Shape[1] * x.Shape[2], x.Shape[3]);
        int groups = options.Groups, width = channels / groups;
        if (channels % groups != 0)
            throw new ArgumentException($"{groups} groups do not divide {channels} channels.");

        // (B·groups, places, channels of a group); xᵀ is that, or its transpose where places are factorised.
        Tensor grouped = x.Reshape(batch, places, groups, width);
        grouped = groups == 1 ? grouped.Reshape(batch, places, width) : grouped.Permute(0, 2, 1, 3).Reshape(batch * groups, places, width);
        Tensor transposed = options.IsSpatial ? grouped : grouped.Permute(0, 2, 1);
        Tensor product = Factorised(transposed);
        Tensor result = options.IsSpatial ? product : product.Permute(0, 2, 1);
        return groups == 1
            ? result.Reshape(x.Shape)
            : result.Reshape(batch, groups, places, width).Permute(0, 2, 1, 3).Reshape(x.Shape);
    }

    // xᵀ, (B·groups, N, D) → c·bᵀ, the same.
    private Tensor Factorised(Tensor x)
    {
        // Bases lie in rows, (B·groups, R, D), so that long rows of x are read as they lie in both products.
        Tensor bases = IsTraining || Draws is not null ? Bases(x.Shape[0], x.Shape[2], x.Device) : SharedBases(x);
        Tensor products = x.MatMul(bases, transposeB: true);
        Tensor coefficients = products.Softmax();
        for (int step = IsTraining ? options.TrainingSteps : options.EvaluationSteps; step > 0; step--)
        {
            coefficients = Updated(coefficients, products, coefficients.MatMul(bases.MatMul(bases, transposeB: true)));
            bases = Updated(bases, coefficients.MatMul(x, transposeA: true), coefficients.MatMul(coefficients, transposeA: true).MatMul(bases));
            products = x.MatMul(bases, transposeB: true);
        }

        return Updated(coefficients, products, coefficients.MatMul(bases.MatMul(bases, transposeB: true))).MatMul(bases);
    }

    private static Tensor Updated(Tensor factor, Tensor numerator, Tensor denominator) => factor * numerator / (denominator + Epsilon);

    // The same for every image, so that a result does not depend on its place in the batch; repeated by way of the batch, whose
    // extent an exported graph leaves open.
    private Tensor SharedBases(Tensor x)
    {
        (int groups, int rows) = (options.Groups, x.Shape[2]);
        Tensor none = x.Slice(1, 0, 1).Slice(2, 0, 1).Reshape(-1, groups, 1, 1) * 0;
        return (none + Bases(groups, rows, x.Device).Reshape(1, groups, options.Rank, rows)).Reshape(-1, options.Rank, rows);
    }

    // Vectors of length 1, drawn as columns, (batch, rank, rows).
    private Tensor Bases(int batch, int rows, Device device)
    {
        if (Draws is null && IsTraining && device.IsAsynchronous)
            return BasesOnDevice(batch, rows, device);
        int rank = options.Rank;
        float[] values = new float[batch * rows * rank];
        if (Draws is null)
            (IsTraining ? RandomStep.Current.Generator(HashOf(FullName)) : new Philox(0, HashOf(FullName))).FillUniform(values, 0);
        else
            Draws.AsSpan(0, values.Length).CopyTo(values);
        for (int matrix = 0; matrix < batch; matrix++)
        {
            for (int column = 0; column < rank; column++)
            {
                double squares = 0;
                for (int row = 0; row < rows; row++)
                    squares += (double)values[At(row)] * values[At(row)];
                float length = (float)Math.Max(Math.Sqrt(squares), 1e-12);
                for (int row = 0; row < rows; row++)
                    values[At(row)] /= length;

                int At(int row) => (((matrix * rows) + row) * rank) + column;
            }
        }

        return Tensor.From(values, [batch, rows, rank], device).Permute(0, 2, 1);
    }

    // The same numbers, drawn there: a training step that is repeated as a whole takes nothing from the host that follows from the step.
    private Tensor BasesOnDevice(int batch, int rows, Device device)
    {
        Tensor drawn = device.Empty([batch, rows, options.Rank]);
        drawn.FillUniform(RandomStep.Current.Generator(HashOf(FullName)), 0, 1);
        Tensor length = (drawn * drawn).Sum(1, keepDimensions: true).Sqrt();
        return (drawn / (length + 1e-12f)).Permute(0, 2, 1);
    }
}
