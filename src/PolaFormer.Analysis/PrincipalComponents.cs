using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Analysis;

/// <summary>The two directions in which embeddings vary most, by subspace iteration.</summary>
/// <param name="Places">(images, 2): the embeddings less their mean along both directions.</param>
/// <param name="Shares">Shares of the variance that both have, in [0, 1].</param>
public sealed record PrincipalComponents(float[] Places, double[] Shares)
{
    private const int Directions = 2, Iterations = 60;

    /// <summary>Finds them.</summary>
    /// <param name="set">The embeddings.</param>
    /// <param name="seed">Seed of the start, which decides over nothing but signs.</param>
    public static PrincipalComponents Of(EmbeddingSet set, ulong seed = 0)
    {
        float[] centred = Centred(set);
        double total = centred.Sum(value => (double)value * value);
        using var scope = MemoryScope.Enter();
        Tensor x = Tensor.From(centred, [set.Count, set.Width]);
        float[] basis = new float[set.Width * Directions];
        new Philox(seed, 0).FillNormal(basis, 0);
        float[] places = [];
        for (int i = 0; i < Iterations; i++)
        {
            using var inner = MemoryScope.Enter();
            Orthonormalize(basis);
            Tensor projected = x.MatMul(Tensor.From(basis, [set.Width, Directions]));
            places = projected.ToArray();
            basis = x.MatMul(projected, transposeA: true).ToArray();
        }

        double[] sums = new double[Directions];
        for (int i = 0; i < places.Length; i++)
            sums[i % Directions] += (double)places[i] * places[i];
        return new PrincipalComponents(places, [.. sums.Select(sum => total == 0 ? 0 : sum / total)]);
    }

    private static float[] Centred(EmbeddingSet set)
    {
        double[] mean = new double[set.Width];
        for (int i = 0; i < set.Values.Length; i++)
            mean[i % set.Width] += set.Values[i] / set.Count;
        return [.. set.Values.Select((value, i) => (float)(value - mean[i % set.Width]))];
    }

    // Gram and Schmidt; columns are interleaved.
    private static void Orthonormalize(float[] basis)
    {
        double product = 0, first = 0;
        for (int i = 0; i < basis.Length; i += Directions)
            first += (double)basis[i] * basis[i];
        first = Math.Sqrt(first);
        for (int i = 0; i < basis.Length; i += Directions)
        {
            basis[i] = first == 0 ? 0 : (float)(basis[i] / first);
            product += (double)basis[i] * basis[i + 1];
        }

        double second = 0;
        for (int i = 0; i < basis.Length; i += Directions)
        {
            basis[i + 1] -= (float)(product * basis[i]);
            second += (double)basis[i + 1] * basis[i + 1];
        }

        second = Math.Sqrt(second);
        for (int i = 0; i < basis.Length; i += Directions)
            basis[i + 1] = second == 0 ? 0 : (float)(basis[i + 1] / second);
    }
}
