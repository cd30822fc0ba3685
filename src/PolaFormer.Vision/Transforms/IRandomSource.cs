namespace PolaFormer.Vision.Transforms;

/// <summary>A sequence of random draws.</summary>
public interface IRandomSource
{
    /// <summary>A real number of [low, high).</summary>
    double Uniform(double low, double high);

    /// <summary>An integer of low … high, both included.</summary>
    int Integer(int low, int high);

    /// <summary>A normally distributed number.</summary>
    double Normal(double mean, double std);

    /// <summary>Fills a span with numbers of mean 0 and standard deviation 1.</summary>
    void FillNormal(Span<float> values);
}
