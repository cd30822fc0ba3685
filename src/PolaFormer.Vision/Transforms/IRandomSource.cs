namespace PolaFormer.Vision.Transforms;

/// <summary>A sequence of random draws.</summary>
public interface IRandomSource
{
    /// <summary>A real number of [low, high).</summary>
    double Uniform(double low, double high);

    /// <summary>An integer of low … high, both included.</summary>
    int Integer(int low, int high);
}
